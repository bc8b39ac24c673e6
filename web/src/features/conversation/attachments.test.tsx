import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { inConsole, signedIn } from "@/testing/console-rig";
import type { Attachment } from "@/wire/wire.gen";
import { Attachments } from "./attachments";

function file(id: string, given: Partial<Attachment> = {}): Attachment {
  return {
    id,
    name: `${id}.png`,
    media_type: "image/png",
    size: 1000,
    url: `/api/attachments/${id}/`,
    ...given,
  };
}

describe("Attachments", () => {
  it("opens a picture large, and walks through those of the message by the arrows", async () => {
    render(<Attachments attachments={[file("one"), file("two")]} />);
    await userEvent.click(screen.getByRole("button", { name: "Open two.png" }));
    const lightbox = screen.getByTestId("lightbox");
    expect(lightbox.textContent).toContain("two.png · 2 of 2");
    lightbox.focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(screen.getByTestId("lightbox").textContent).toContain("one.png · 1 of 2");
  });

  it("offers what a browser must not show to be kept", () => {
    render(<Attachments attachments={[file("page", { name: "page.html", media_type: "text/html" })]} />);
    const link = screen.getByRole("link");
    expect(link.getAttribute("download")).toBe("page.html");
    expect(link.getAttribute("rel")).toContain("noopener");
  });

  it("says of a file that is on its way, or was not taken, just that, and shows it once it is here", () => {
    const waiting = file("one", { media_type: "image/*", state: "waiting", size: 0 });
    const page = render(<Attachments attachments={[waiting]} />);
    expect(screen.getByTestId("attachments").textContent).toContain("Being fetched");
    expect(screen.queryByRole("img")).toBeNull();
    page.rerender(<Attachments attachments={[file("one")]} />);
    expect(screen.getByRole("img").getAttribute("src")).toBe("/api/attachments/one/");
    page.rerender(<Attachments attachments={[file("one", { state: "refused", reason: "too large" })]} />);
    expect(screen.getByTestId("attachments").textContent).toContain("Not kept: too large");
    expect(screen.queryByRole("img")).toBeNull();
  });

  it("lets a file that could not be fetched be fetched again", async () => {
    const session = signedIn();
    const asked = vi.fn(async () => new Response(JSON.stringify({ id: "one" }), { status: 202 }));
    vi.stubGlobal("fetch", asked);
    const lost = file("one", { state: "failed", reason: "the vendor did not give it" });
    render(inConsole(session, <Attachments attachments={[lost]} />));
    expect(screen.getByTestId("attachments").textContent).toContain(
      "Not fetched: the vendor did not give it",
    );
    await userEvent.click(screen.getByRole("button", { name: "Fetch again" }));
    expect(asked).toHaveBeenCalledWith(
      "/api/attachments/one/fetch/",
      expect.objectContaining({ method: "POST" }),
    );
  });

  it("makes no link of an address that could run", () => {
    render(<Attachments attachments={[file("bad", { url: "javascript:alert(1)" })]} />);
    expect(screen.queryByRole("link")).toBeNull();
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByTestId("attachments").textContent).toContain("cannot be opened");
  });
});
