/** Reads server-sent events (HTML Living Standard, 9.2.6) from text in any pieces; gives the data of each event. */
export class EventReader {
  private rest = "";
  private data: string[] = [];

  push(text: string): string[] {
    const whole = this.rest + text;
    // A carriage return at the end may be half of a line end.
    const upTo = whole.endsWith("\r") ? whole.length - 1 : whole.length;
    const lines = whole.slice(0, upTo).split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? "") + whole.slice(upTo);
    const events: string[] = [];
    for (const line of lines) {
      if (line === "") this.dispatch(events);
      else if (line.startsWith("data:")) this.data.push(line.slice(line[5] === " " ? 6 : 5));
    }
    return events;
  }

  private dispatch(events: string[]): void {
    if (this.data.length > 0) events.push(this.data.join("\n"));
    this.data = [];
  }
}
