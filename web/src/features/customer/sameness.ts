/** Who a customer may be, too, read leniently from GET /api/customers/{id}/same/. */

export type Twin = { id: string; name: string | null; reason: string };
export type Merge = { id: string; reason: string };
export type Sameness = { twins: Twin[]; merges: Merge[] };

type Fields = Record<string, unknown>;

function list(value: unknown): Fields[] {
  return Array.isArray(value)
    ? value.filter((one): one is Fields => typeof one === "object" && one !== null)
    : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function readSameness(body: unknown): Sameness {
  const given = (typeof body === "object" && body !== null ? body : {}) as Fields;
  return {
    twins: list(given.twins).map(({ id, name, reason }) => ({
      id: text(id),
      name: text(name) || null,
      reason: text(reason),
    })),
    merges: list(given.merges).map(({ id, reason }) => ({ id: text(id), reason: text(reason) })),
  };
}
