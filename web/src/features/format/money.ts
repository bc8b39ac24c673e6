/** An amount with its currency: a number counts the minor unit (12900 EUR is 129.00), a string is decimal already. */
export function money(amount: number | string, currency: string): string {
  try {
    const formatter = new Intl.NumberFormat(undefined, { style: "currency", currency });
    const digits = formatter.resolvedOptions().maximumFractionDigits ?? 2;
    const value = typeof amount === "number" ? amount / 10 ** digits : Number(amount);
    return Number.isFinite(value) ? formatter.format(value) : `${amount} ${currency}`;
  } catch {
    // Intl refuses what is no ISO 4217 code; the record is shown as it is.
    return `${amount} ${currency}`.trim();
  }
}
