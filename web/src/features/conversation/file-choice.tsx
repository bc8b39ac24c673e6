import { type ReactNode, useRef } from "react";

type FileChoiceProps = {
  accept: string;
  onChoose: (files: File[]) => void;
  /** The button that opens the browser's window of files. */
  button: (open: () => void) => ReactNode;
};

/** Choose files for a message; the same file may be chosen again after it was taken out. */
export function FileChoice({ accept, onChoose, button }: FileChoiceProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={accept}
        data-testid="files"
        onChange={(event) => {
          onChoose([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      {button(() => input.current?.click())}
    </>
  );
}
