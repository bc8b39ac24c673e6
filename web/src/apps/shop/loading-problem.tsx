/** Something could not be loaded: what happened, and another try. */
export function LoadingProblem({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div role="alert" className="rounded-2 border border-line bg-bg p-6 text-center">
      <p className="text-ink-2">{text}</p>
      <button
        type="button"
        onClick={onRetry}
        className="mt-3 rounded-full border border-line-strong px-4 py-1.5 font-medium hover:bg-sunk"
      >
        Retry
      </button>
    </div>
  );
}
