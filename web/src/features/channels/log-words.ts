/** What became of a vendor's request, in words. */

const DONE: Readonly<Record<string, string>> = {
  accepted: "received",
  duplicate: "came again, ignored",
  ignored_type: "of no use here, kept in the log",
};

const REFUSED: Readonly<Record<string, string>> = {
  bad_signature:
    "The signature does not fit: check the secret, and that the address is the one below, letter by letter.",
  unknown_account: "It names an account that is not connected: check the id.",
  unreadable: "It cannot be read: the vendor may have changed its format.",
  failed: "It was received and could not be worked on.",
};

/** Why a request was refused or got stuck, and what to do; null when it was not. */
export function refusalWords(status: string): string | null {
  return REFUSED[status] ?? null;
}

export function statusWords(status: string): string {
  return DONE[status] ?? status.replaceAll("_", " ");
}
