/** JSON over fetch for the signed-in staff: session cookie, CSRF header, problem+json errors. */

export class RestError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
  ) {
    super(detail);
    this.name = "RestError";
  }
}

/** Status of a request that never got an answer. */
const NO_ANSWER = 0;

const UNREACHABLE = "The server cannot be reached. Check the connection and try again.";

const SAFE = new Set(["GET", "HEAD"]);

type Access = { csrf: string | null; onUnauthorized: () => void };

const access: Access = { csrf: null, onUnauthorized: () => undefined };

/** Set the CSRF token that unsafe requests carry; null once signed out. */
export function setCsrf(csrf: string | null): void {
  access.csrf = csrf;
}

/** Call `listener` whenever a request is answered with 401: the session has ended. */
export function onUnauthorized(listener: () => void): void {
  access.onUnauthorized = listener;
}

export type RestRequest = { method?: string; body?: unknown; signal?: AbortSignal };

function requestHeaders(method: string, body: unknown): Record<string, string> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (!SAFE.has(method) && access.csrf !== null) headers["X-CSRF-Token"] = access.csrf;
  return headers;
}

/** What a failed answer says: the problem's detail or title (RFC 9457), else the status in words. */
async function problem(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null) {
      const { detail, title } = body as { detail?: unknown; title?: unknown };
      if (typeof detail === "string" && detail !== "") return detail;
      if (typeof title === "string" && title !== "") return title;
    }
  } catch {
    // Not JSON: a proxy's page; the status says enough.
  }
  return `The server answered with ${response.status}.`;
}

/** The parsed answer, null for an empty one. Raises RestError. */
export async function rest(path: string, request: RestRequest = {}): Promise<unknown> {
  const method = request.method ?? "GET";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: requestHeaders(method, request.body),
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal: request.signal ?? null,
    });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new RestError(NO_ANSWER, UNREACHABLE);
  }
  if (response.ok) return response.status === 204 ? null : await response.json();
  if (response.status === 401) access.onUnauthorized();
  throw new RestError(response.status, await problem(response));
}

/** An error of `rest` in words for the page. */
export function errorWords(error: unknown): string {
  return error instanceof RestError
    ? error.detail.charAt(0).toUpperCase() + error.detail.slice(1)
    : "Something went wrong on this page. Try again.";
}

export type UploadParts = {
  /** Told how much has gone out, in parts of 1. */
  onProgress: (part: number) => void;
  signal: AbortSignal;
  headers?: Record<string, string>;
};

/** Send a file as the body of a POST. Raises RestError. */
export function uploadRest(
  path: string,
  file: Blob,
  { onProgress, signal, headers = {} }: UploadParts,
): Promise<unknown> {
  // fetch tells nothing of an upload's progress.
  const request = new XMLHttpRequest();
  const stop = () => request.abort();
  const answered = new Promise<unknown>((resolve, reject) => {
    request.open("POST", path);
    const type = file.type || "application/octet-stream";
    for (const [name, value] of Object.entries({
      ...requestHeaders("POST", undefined),
      "Content-Type": type,
      ...headers,
    })) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (lengthComputable && total > 0) onProgress(loaded / total);
    };
    request.onload = () => {
      const response = new Response(request.responseText, { status: request.status });
      if (response.ok) resolve(response.json());
      else {
        if (response.status === 401) access.onUnauthorized();
        problem(response).then((words) => reject(new RestError(response.status, words)), reject);
      }
    };
    request.onerror = () => reject(new RestError(NO_ANSWER, UNREACHABLE));
    request.onabort = () => reject(new RestError(NO_ANSWER, "The upload was stopped."));
    signal.addEventListener("abort", stop, { once: true });
    request.send(file);
  });
  return answered.finally(() => signal.removeEventListener("abort", stop));
}
