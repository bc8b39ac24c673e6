import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { RestError } from "../rest/client";
import { ConfirmDialog } from "./confirm-dialog";

function show(act: () => Promise<unknown>, typed?: string) {
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ConfirmDialog title="Erase Ana?" verb="Erase" typed={typed} act={act} onClose={onClose}>
        <p>It cannot be undone.</p>
      </ConfirmDialog>
    </QueryClientProvider>,
  );
  return { onClose, button: screen.getByTestId<HTMLButtonElement>("confirm") };
}

describe("ConfirmDialog", () => {
  it("does nothing before the word is typed as it stands there", async () => {
    const act = vi.fn(async () => undefined);
    const { button, onClose } = show(act, "Ana Demo");
    expect(button.disabled).toBe(true);
    await userEvent.type(screen.getByTestId("confirm-word"), "ana demo{Enter}");
    expect(act).not.toHaveBeenCalled();
    await userEvent.clear(screen.getByTestId("confirm-word"));
    await userEvent.type(screen.getByTestId("confirm-word"), "Ana Demo{Enter}");
    await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
    expect(act).toHaveBeenCalledOnce();
  });

  it("stays and says why when it could not be done", async () => {
    const { button, onClose } = show(() => Promise.reject(new RestError(503, "The database is away.")));
    await userEvent.click(button);
    expect((await screen.findByRole("alert")).textContent).toContain("The database is away.");
    expect(onClose).not.toHaveBeenCalled();
  });
});
