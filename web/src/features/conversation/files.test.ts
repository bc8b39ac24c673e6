import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setCsrf } from "../rest/client";
import { fileKind, fileProblem, MOST_BYTES, safeUrl, sizeWords, uploadFile } from "./files";

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
});

class FakeRequest {
  static last: FakeRequest;
  readonly headers: Record<string, string> = {};
  readonly upload: { onprogress: ((event: object) => void) | null } = { onprogress: null };
  onload: (() => void) | null = null;
  onabort: (() => void) | null = null;
  status = 0;
  responseText = "";
  path = "";
  constructor() {
    FakeRequest.last = this;
  }
  open(_method: string, path: string): void {
    this.path = path;
  }
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
  send(): void {}
  abort(): void {
    this.onabort?.();
  }
  answers(status: number, body: object): void {
    this.status = status;
    this.responseText = JSON.stringify(body);
    this.onload?.();
  }
}

describe("uploadFile", () => {
  const file = new File(["picture"], "a b.png", { type: "image/png" });

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
    const done = uploadFile("c1", file, (part) => parts.push(part), new AbortController().signal);
    const request = FakeRequest.last;
    expect(request.path).toBe("/api/attachments/?conversation=c1&name=a+b.png");
    expect(request.headers).toMatchObject({ "Content-Type": "image/png", "X-CSRF-Token": "token" });
    request.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 });
    request.answers(201, { id: "f1", name: "a b.png" });
    expect(await done).toMatchObject({ id: "f1" });
    expect(parts).toEqual([0.25]);
  });

  it("says why a file was not taken", async () => {
    const done = uploadFile("c1", file, () => undefined, new AbortController().signal);
    FakeRequest.last.answers(422, { detail: "files of this type are not taken" });
    await expect(done).rejects.toThrow("files of this type are not taken");
  });

  it("stops when it is taken away", async () => {
    const controller = new AbortController();
    const done = uploadFile("c1", file, () => undefined, controller.signal);
    controller.abort();
    await expect(done).rejects.toThrow("stopped");
  });
});
