const FIRST_FAILURES = 2;
const KNOWN_FAILURES = 6;
const PROBE_MS = 60_000;
const MAX_PROBE_MS = 15 * 60_000;

export type LineKind = "socket" | "stream";

/**
 * Which kind of line to try next. WebSockets come first; after some failures before the welcome, streams and
 * WebSockets take turns, so that a server that was merely away is not mistaken for a network that blocks.
 */
export class LineChoice {
  /** How long to stay on a stream before WebSockets are tried again. */
  probeMs = PROBE_MS;
  private failures = 0;
  private socketsWorked = false;
  private last: LineKind = "socket";

  constructor(private readonly canStream: boolean) {}

  next(): LineKind {
    const limit = this.socketsWorked ? KNOWN_FAILURES : FIRST_FAILURES;
    const isBlocked = this.canStream && this.failures >= limit;
    this.last = isBlocked && this.last === "socket" ? "stream" : "socket";
    return this.last;
  }

  /** The line that was tried last ended before its welcome. */
  failed(): void {
    if (this.last === "socket") this.failures += 1;
  }

  welcomed(): void {
    if (this.last === "stream") {
      // Stay on streams over a reconnect, until a probe says otherwise.
      this.last = "socket";
      return;
    }
    this.socketsWorked = true;
    this.reset();
  }

  /** Begin with WebSockets again: the network is another one. */
  reset(): void {
    this.failures = 0;
    this.probeMs = PROBE_MS;
    this.last = "socket";
  }

  /** A probe found WebSockets (still blocked, or working: then try one once). */
  probed(works: boolean): void {
    this.probeMs = Math.min(MAX_PROBE_MS, this.probeMs * 2);
    if (works) this.last = "stream";
  }
}
