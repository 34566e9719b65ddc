import os
import selectors
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoloom.lanes.supervisor import Frames, frame
from cryoloom.lanes.supervisor._wire import Channel, receive


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@given(st.lists(st.binary(max_size=300)), st.data())
def test_messages_survive_any_cutting_of_the_stream(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame, messages))
    frames = Frames()
    found = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += frames.feed(stream[:size])
        stream = stream[size:]
    assert found == messages


def test_a_message_larger_than_the_socket_takes_goes_through_without_waiting(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    big = bytes(5_000_000)
    (tmp_path / "file").write_text("passed on")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    selector = selectors.DefaultSelector()
    said: list[object] = []
    channel = Channel(ends[0], selector, said.append, lambda: said.append("end"))
    channel.send(big, [descriptor])  # returns though nobody reads yet
    assert channel.has_unsent
    process = os.fork()
    if process == 0:
        ends[0].close()
        message, descriptors = receive(ends[1]) or (b"", [])
        ends[1].sendall(frame((len(message), os.read(descriptors[0], 100), os.get_inheritable(descriptors[0]))))
        os._exit(0)
    ends[1].close()
    while "end" not in said:
        for key, events in selector.select(timeout=10):
            key.data(events)
    assert said == [(5_000_000, b"passed on", False), "end"]
    channel.send("into the void")
    os.waitpid(process, 0)
    os.close(descriptor)
    selector.close()
