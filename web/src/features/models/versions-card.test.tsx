import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { VersionsCard } from "./versions-card";

const VERSION = {
  id: "v2",
  version: "intent-2",
  status: "candidate",
  scores: {},
  added_at: "2026-01-05T09:00:00Z",
  activated_at: null,
  activated_by: null,
};

function show(evaluations: () => Response) {
  const models = {
    changeable: true,
    tasks: [{ task: "intent", active: "starter", pinned: false, versions: [VERSION] }],
  };
  vi.stubGlobal("fetch", (address: string) =>
    Promise.resolve(address.includes("/evaluations/") ? evaluations() : Response.json(models)),
  );
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <VersionsCard />
    </QueryClientProvider>,
  );
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("VersionsCard", () => {
  it("says so when it cannot be read how the versions fare, and shows them all the same", async () => {
    show(() => Response.json({ detail: "the database is away" }, { status: 503 }));
    expect(await screen.findByTestId("model-version")).toBeTruthy();
    expect((await screen.findByRole("alert")).textContent).toContain("Retry");
  });

  it("lets a version be scored again whose evaluation failed", async () => {
    const failed = {
      id: "e1",
      task: "intent",
      candidate: "intent-2",
      against: "starter",
      status: "failed",
      candidate_scores: {},
      against_scores: {},
      worse: [],
      error: "its worker was lost",
    };
    show(() => Response.json({ evaluations: [failed] }));
    expect((await screen.findByRole("alert")).textContent).toContain("its worker was lost");
    expect(screen.getByRole("button", { name: "Score again" })).toHaveProperty("disabled", false);
  });
});
