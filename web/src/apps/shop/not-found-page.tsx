import { Link } from "react-router";
import { useTitle } from "./use-title";

export function NotFoundPage() {
  useTitle("Not found");
  return (
    <div className="mx-auto mt-24 max-w-[420px] text-center">
      <h1 className="text-20 font-semibold">There is nothing on this path</h1>
      <p className="mt-2 text-ink-2">The page has moved, or was never there.</p>
      <Link
        to="/"
        className="mt-5 inline-block rounded-full bg-ink px-6 py-2.5 font-medium text-bg hover:opacity-90"
      >
        Back to the shop
      </Link>
    </div>
  );
}
