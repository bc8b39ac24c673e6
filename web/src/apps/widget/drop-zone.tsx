import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { useWidget } from "./use-widget";

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

/** The panel, on which files can be dropped anywhere. */
export function DropZone({ children }: { children: ReactNode }) {
  const { session } = useWidget();
  const depth = useRef(0);
  const [isOver, setOver] = useState(false);
  const move = (event: DragEvent, step: 1 | -1) => {
    if (!hasFiles(event)) return;
    // Entering a child comes before leaving its parent.
    depth.current += step;
    setOver(depth.current > 0);
  };
  const drop = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth.current = 0;
    setOver(false);
    session.attach([...event.dataTransfer.files]);
  };
  return (
    <main
      data-testid="panel"
      aria-label="Chat"
      className="relative flex h-full flex-col bg-bg text-15 text-ink"
      onDragEnter={(event) => move(event, 1)}
      onDragLeave={(event) => move(event, -1)}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={drop}
    >
      {children}
      {isOver && (
        <p className="pointer-events-none absolute inset-2 grid place-items-center rounded-2 border-2 border-brand border-dashed bg-bg/90 font-medium">
          Drop pictures or PDF files here
        </p>
      )}
    </main>
  );
}
