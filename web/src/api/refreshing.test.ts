import { expect, it } from "vitest";
import { Refreshing } from "./refreshing";

it("asks once more for all that came while it was asking", async () => {
  const finish: (() => void)[] = [];
  const refreshing = new Refreshing(() => new Promise<void>((resolve) => finish.push(resolve)));
  const done = refreshing.ask("run");
  void refreshing.ask("run");
  void refreshing.ask("run");
  expect(finish).toHaveLength(1);
  finish[0]?.();
  await Promise.resolve();
  await Promise.resolve();
  expect(finish).toHaveLength(2);
  finish[1]?.();
  await done;
  expect(finish).toHaveLength(2);
});

it("asks again after a failure", async () => {
  let asked = 0;
  const refreshing = new Refreshing(() => {
    asked += 1;
    return asked === 1 ? Promise.reject(new Error("the server is away")) : Promise.resolve();
  });
  await expect(refreshing.ask("a")).rejects.toThrow("the server is away");
  await refreshing.ask("a");
  expect(asked).toBe(2);
});
