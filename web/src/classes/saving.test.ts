import { describe, expect, it } from "vitest";
import { beyond, Saving, type Save } from "./saving";

const save = (label: number, last: string | null = null): Save => ({ choice: { keep: [label], leaveOut: [] }, generations: { classes: 1 }, last });

/** A server that answers when it is told to. */
function server() {
  const sent: Save[] = [];
  const answers: { resolve: (id: string) => void; reject: (why: Error) => void }[] = [];
  const send = (one: Save) => {
    sent.push(one);
    return new Promise<string>((resolve, reject) => answers.push({ resolve, reject }));
  };
  return { sent, answers, send };
}

const soon = () => new Promise((resolve) => setTimeout(resolve));

describe("saving", () => {
  it("sends the newest of what came meanwhile, as what follows on the one before", async () => {
    const { sent, answers, send } = server();
    const saving = new Saving();
    const done = saving.ask(save(1), send);
    void saving.ask(save(2), send);
    void saving.ask(save(3), send);
    expect(sent).toEqual([save(1)]);
    answers[0]?.resolve("first");
    await soon();
    expect(sent).toEqual([save(1), save(3, "first")]);
    answers[1]?.resolve("second");
    await done;
    expect(sent).toHaveLength(2);
  });

  it("sends nothing on top of what was refused, and goes on when it is asked again", async () => {
    const { sent, answers, send } = server();
    const saving = new Saving();
    const done = saving.ask(save(1), send);
    void saving.ask(save(2), send);
    answers[0]?.reject(new Error("Somebody has decided since."));
    await expect(done).rejects.toThrow("Somebody");
    expect(sent).toHaveLength(1);
    void saving.ask(save(2, "theirs"), send);
    expect(sent).toEqual([save(1), save(2, "theirs")]);
  });
});

it("keeps what was clicked while a choice was under way", () => {
  const saved = { keep: [1], leaveOut: [] };
  expect(beyond({ keep: [1], leaveOut: [2] }, saved)).toEqual({ keep: [1], leaveOut: [2] });
  expect(beyond({ keep: [1], leaveOut: [] }, saved)).toBeNull();
  expect(beyond(null, saved)).toBeNull();
});
