/** How many rows of which table were wiped. */
export function ReportTable({ rows }: { rows: readonly { table: string; count: number }[] }) {
  return (
    <table className="mt-1 text-left">
      <thead className="text-12 text-ink-3">
        <tr>
          <th className="pr-8 font-medium">Wiped or deleted</th>
          <th className="text-right font-medium">Rows</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ table, count }) => (
          <tr key={table}>
            <td className="pr-8 text-ink-2">{table}</td>
            <td className="text-right">{count.toLocaleString()}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
