import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeRequest } from "@/testing/fake-request";
import { setCsrf } from "../rest/client";
import {
  customerFileProblem,
  fileKind,
  fileProblem,
  MOST_BYTES,
  safeUrl,
  sizeWords,
  uploadFile,
} from "./files";

describe("files", () => {
  it("are shown when nothing in them can run", () => {
    expect(fileKind("image/png")).toBe("picture");
    expect(fileKind("image/*")).toBe("picture");
    expect(fileKind("image/svg+xml")).toBe("file");
    expect(fileKind("text/html")).toBe("file");
    expect(fileKind("audio/ogg")).toBe("audio");
  });

  it("are followed to web addresses alone", () => {
    expect(safeUrl("/api/attachments/1/")).toBe("/api/attachments/1/");
    expect(safeUrl("https://cdn.vendor.example/1.jpg")).toBe("https://cdn.vendor.example/1.jpg");
    for (const url of ["javascript:alert(1)", "data:text/html,x", "//evil.example/x", "no address"]) {
      expect(safeUrl(url)).toBeNull();
    }
  });

  it("tell their size, when it is known", () => {
    expect([0, 900, 1500, 34_000, 2_500_000].map(sizeWords)).toEqual([
      "",
      "900 B",
      "1.5 KB",
      "34 KB",
      "2.5 MB",
    ]);
  });

  it("are refused before they are uploaded when the server would", () => {
    expect(fileProblem({ name: "a.png", size: 10 }, 0)).toBeNull();
    expect(fileProblem({ name: "a.png", size: MOST_BYTES + 1 }, 0)).toContain("larger than 25 MB");
    expect(fileProblem({ name: "a.png", size: 0 }, 0)).toContain("empty");
    expect(fileProblem({ name: "a.png", size: 10 }, 10)).toContain("at most 10");
  });

  it("of customers are pictures and PDF; the server looks at what the browser does not know", () => {
    const problem = (type: string) => customerFileProblem(new File(["x"], "a", { type }), 0);
    for (const type of ["image/jpeg", "application/pdf", ""]) expect(problem(type)).toBeNull();
    for (const type of ["image/svg+xml", "text/html", "video/mp4"]) expect(problem(type)).toContain("no PDF");
  });
});

describe("uploadFile", () => {
  const file = new File(["picture"], "a b.png", { type: "image/png" });
  const upload = (
    onProgress: (part: number) => void = () => undefined,
    signal = new AbortController().signal,
  ) => uploadFile("/api/attachments/", "c1", file, { onProgress, signal });

  beforeEach(() => {
    vi.stubGlobal("XMLHttpRequest", FakeRequest);
    setCsrf("token");
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    setCsrf(null);
  });

  it("sends the bytes as they are, tells how far it is and gives the file", async () => {
    const parts: number[] = [];
    const done = upload((part) => parts.push(part));
    const request = FakeRequest.last;
    expect(request.path).toBe("/api/attachments/?conversation=c1&name=a+b.png");
    expect(request.headers).toMatchObject({ "Content-Type": "image/png", "X-CSRF-Token": "token" });
    request.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 });
    request.answers(201, { id: "f1", name: "a b.png" });
    expect(await done).toMatchObject({ id: "f1" });
    expect(parts).toEqual([0.25]);
  });

  it("says why a file was not taken", async () => {
    const done = upload();
    FakeRequest.last.answers(422, { detail: "files of this type are not taken" });
    await expect(done).rejects.toThrow("files of this type are not taken");
  });

  it("stops when it is taken away", async () => {
    const controller = new AbortController();
    const done = upload(() => undefined, controller.signal);
    controller.abort();
    await expect(done).rejects.toThrow("stopped");
  });
});
