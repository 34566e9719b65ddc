"""Slots are real locks: every driver here has open file descriptions of its own, as another process would."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_witness import count_locks

from cryoloom.lanes.slots import Demand, LockFile, Share, Slots, Ticket, _slots

MACHINE = Share(cpus=(0, 1), memory=1000)
GPUS = ["GPU-a", "GPU-b"]


class Client:
    """A driver, with all the tickets it has drawn."""

    def __init__(self, folder: Path, share: Share = MACHINE) -> None:
        self.slots = Slots(LockFile(folder), share)
        self.tickets: list[Ticket] = []

    def draw(self, cpu: int = 1, memory: int = 10, gpu: int = 0, live: bool = False) -> Ticket:
        self.tickets.append(self.slots.draw(Demand(cpu, memory, gpu, live)))
        return self.tickets[-1]

    def serve(self, ticket: Ticket) -> bool:
        return self.slots.serve(ticket, GPUS)

    def run(self, **demand: int) -> Ticket:
        """Get slots at once."""
        ticket = self.draw(**demand)
        assert self.serve(ticket)
        return ticket

    def wait(self, **demand: int) -> Ticket:
        """Stand in the queue."""
        ticket = self.draw(**demand)
        assert not self.serve(ticket)
        return ticket

    def give_back(self, ticket: Ticket) -> None:
        self.tickets.remove(ticket)
        self.slots.give_back(ticket)

    def close(self) -> None:
        for ticket in list(self.tickets):
            self.give_back(ticket)
        self.slots.close()


Driver = Callable[..., Client]


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(closing(Client(tmp_path, **options)))


def test_no_more_is_given_than_there_is(driver: Driver) -> None:
    one, other = driver(), driver()
    first = one.run()
    other.run()
    third = other.wait()
    one.give_back(first)
    assert other.serve(third)


def test_memory_is_shared_out_across_gaps(driver: Driver) -> None:
    one = driver()
    blocks = [one.run(cpu=0, memory=250) for _ in range(4)]
    one.give_back(one.wait(cpu=0, memory=1))
    one.give_back(blocks[0])
    one.give_back(blocks[2])
    one.give_back(one.wait(cpu=0, memory=501))
    one.run(cpu=0, memory=500)


def test_nothing_is_held_while_waiting(driver: Driver, tmp_path: Path) -> None:
    one, other = driver(), driver()
    one.run(cpu=2)
    before = count_locks(tmp_path / "slots")
    other.wait(cpu=1, memory=100)
    assert count_locks(tmp_path / "slots") == before + 1  # its place in the queue


def test_a_big_task_gathers_what_small_ones_give_back(driver: Driver) -> None:
    small, big = driver(), driver()
    first, second = small.run(), small.run()
    everything = big.wait(cpu=2)
    small.give_back(first)
    late = small.wait()  # though a CPU is free
    assert not big.serve(everything)
    small.give_back(second)
    assert not small.serve(late)
    assert big.serve(everything)


def test_what_those_before_do_not_need_is_not_kept(driver: Driver) -> None:
    one, other = driver(), driver()
    one.run(cpu=1, memory=900)
    one.wait(cpu=0, memory=900)
    other.give_back(other.wait(cpu=1, memory=50))  # all free memory is kept for the one before
    other.run(cpu=1, memory=0)


def test_tickets_are_served_in_the_order_of_their_first_presentation(driver: Driver) -> None:
    drivers = [driver() for _ in range(4)]
    owner, running = drivers[0], drivers[0].run(cpu=2)
    drawn = {each: each.draw(cpu=2) for each in drivers}
    order = [drivers[number] for number in (2, 0, 3, 1)]
    for each in order:
        assert not each.serve(drawn[each])
    while order:
        owner.give_back(running)
        for late in reversed(order[1:]):
            assert not late.serve(drawn[late])
        owner = order.pop(0)
        running = drawn[owner]
        assert owner.serve(running)


def test_live_work_comes_before_batch(driver: Driver) -> None:
    batch, live = driver(), driver()
    running = batch.run(cpu=2)
    early = batch.wait(cpu=2)
    late = live.wait(cpu=2, live=True)
    batch.give_back(running)
    assert not batch.serve(early)
    assert live.serve(late)


def test_a_waiter_that_dies_blocks_nobody(driver: Driver, tmp_path: Path) -> None:
    one, other = driver(), driver()
    running = one.run(cpu=2)
    process = os.fork()
    if process == 0:
        doomed = Client(tmp_path)
        os._exit(doomed.serve(doomed.draw(cpu=2)))  # False is 0
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    after = other.wait(cpu=2)
    one.give_back(running)
    assert other.serve(after)


def test_slots_last_as_long_as_any_process_has_their_descriptor(driver: Driver) -> None:
    one, other = driver(), driver()
    held = one.run(cpu=2)
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(writing)
        os.read(reading, 1)  # until the parent closes its end
        os._exit(0)
    one.give_back(held)
    waiting = other.wait(cpu=1)
    os.close(writing)
    os.waitpid(process, 0)
    os.close(reading)
    assert other.serve(waiting)


def test_a_driver_that_leaves_its_turn_unused_is_passed_by(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    quarters = itertools.count()
    monkeypatch.setattr(_slots.time, "monotonic", lambda: next(quarters) / 4)
    stopped, other = driver(), driver()
    running = other.run(cpu=2)
    stopped.wait(cpu=2)
    waiting = other.wait()
    other.give_back(running)
    looks = 0
    while not other.serve(waiting):
        looks += 1
    assert looks == 9  # at 0, ¼, … 2 seconds; then the grace of two seconds is over


def test_a_driver_confined_to_one_cpu_uses_that_one_only(driver: Driver) -> None:
    confined = Share(cpus=(1,), memory=1000)
    driver(share=confined).run(cpu=1)
    driver(share=confined).wait(cpu=1)
    driver(share=Share(cpus=(0,), memory=1000)).wait(cpu=1)  # for the one who came before, as far as this one can tell


def test_gpus_are_given_by_name(driver: Driver) -> None:
    one, other = driver(), driver()
    first, second = one.run(gpu=1), other.run(gpu=1)
    assert {*first.gpus, *second.gpus} == {*GPUS}
    third = other.wait(cpu=0, gpu=1)
    one.give_back(first)
    assert not other.slots.serve(third, usable_gpus=second.gpus)  # somebody outside uses the other one
    assert other.serve(third)
    assert third.gpus == first.gpus


def test_whoever_waits_is_rung_for(driver: Driver) -> None:
    one, other = driver(), driver()
    held = one.run(cpu=2)
    other.wait()
    with pytest.raises(BlockingIOError):
        other.slots.bell.recv(1)
    one.give_back(held)
    assert other.slots.bell.recv(1) == b""


def test_whether_somebody_waits(driver: Driver) -> None:
    one, other = driver(), driver()
    one.run(cpu=2)
    ticket = other.draw()
    assert not one.slots.somebody_waits()
    assert not other.serve(ticket)
    assert one.slots.somebody_waits()
    assert not other.slots.somebody_waits(besides=ticket)


def test_a_new_lock_file_in_place_of_a_removed_one_is_noticed(driver: Driver, tmp_path: Path) -> None:
    one = driver()
    (tmp_path / "slots").unlink()
    other = driver()
    other.run(cpu=2)
    one.wait()


def test_the_content_of_the_file_is_not_what_keeps_slots_apart(driver: Driver, tmp_path: Path) -> None:
    one, other = driver(), driver()
    held = one.run(cpu=2)
    one.wait()
    os.truncate(tmp_path / "slots", 0)
    waiting = other.wait()
    one.give_back(held)
    assert other.serve(waiting)


demands = st.builds(
    Demand, cpu=st.integers(0, 2), memory=st.integers(0, 1000), gpu=st.integers(0, 2), live=st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["come", "go"]), st.integers(0, 9), demands), max_size=40))
def test_whatever_the_order_the_sums_hold_and_nobody_is_stuck(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, Demand]]
) -> None:
    folder = tmp_path_factory.mktemp("lock")
    clients = [Client(folder) for _ in range(3)]
    waiting: list[tuple[Client, Ticket]] = []
    running: list[tuple[Client, Ticket]] = []
    for step, which, demand in steps:
        if step == "come":
            client = clients[which % 3]
            waiting.append((client, client.slots.draw(demand)))
        elif running:
            client, ticket = running.pop(which % len(running))
            client.slots.give_back(ticket)
        for client, ticket in list(waiting):
            if client.serve(ticket):
                waiting.remove((client, ticket))
                running.append((client, ticket))
        assert sum(ticket.demand.cpu for _, ticket in running) <= 2
        assert sum(ticket.demand.memory for _, ticket in running) <= 1000
        names = [name for _, ticket in running for name in ticket.gpus]
        assert len(names) == len(set(names)) == sum(ticket.demand.gpu for _, ticket in running)
        assert not waiting or running  # every demand fits an empty machine
    for client, ticket in running + waiting:
        client.slots.give_back(ticket)
    assert count_locks(folder / "slots") == 0
    for client in clients:
        client.close()
