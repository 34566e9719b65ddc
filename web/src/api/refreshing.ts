/** Does one thing for each key at a time; what is asked for meanwhile is done once more afterwards, and only once. */
export class Refreshing {
  private readonly again = new Map<string, boolean>();

  constructor(private readonly act: (key: string) => Promise<unknown>) {}

  async ask(key: string): Promise<void> {
    if (this.again.has(key)) {
      this.again.set(key, true);
      return;
    }
    try {
      do {
        this.again.set(key, false);
        await this.act(key);
      } while (this.again.get(key));
    } finally {
      this.again.delete(key);
    }
  }
}
