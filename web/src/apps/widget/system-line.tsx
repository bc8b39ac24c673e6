import type { SystemLine } from "@/shared/session/state";

/** What happened to the conversation, in one quiet line. */
export function SystemLineRow({ line }: { line: SystemLine }) {
  return (
    <p
      data-testid="system-line"
      data-kind={line.kind}
      className="my-2 animate-rise text-center text-13 text-ink-2"
    >
      {words(line)}
    </p>
  );
}

function words({ kind, name }: SystemLine): string {
  switch (kind) {
    case "joined":
      return `${name ?? "A person"} has joined`;
    case "handed_back":
      return "The assistant is answering again";
    case "queued":
      return "A person has been asked to join";
    case "closed":
      return "This conversation has ended";
    case "reopened":
      return "This conversation goes on";
  }
}
