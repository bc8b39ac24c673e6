import { ChevronRight, MessageCircle } from "lucide-react";
import { Link, useLocation } from "react-router";
import { LoadingProblem } from "./loading-problem";
import { NotFoundPage } from "./not-found-page";
import type { Article } from "./records";
import { type Loaded, useRecords } from "./use-records";
import { useTitle } from "./use-title";
import { openChat } from "./visitor";

const useArticles = (): Loaded<Article[]> => useRecords<Article[]>("/demo/articles");

export function HelpIndexPage() {
  useTitle("Help");
  const { data, error, reload } = useArticles();
  return (
    <div className="mx-auto max-w-[720px]">
      <h1 className="mt-10 text-28 font-semibold tracking-tight">Help</h1>
      <p className="mt-1 mb-6 text-ink-2">Short answers to what people ask, and somebody to ask the rest.</p>
      {error && <LoadingProblem text={error} onRetry={reload} />}
      <ul className="divide-y divide-line rounded-[14px] border border-line bg-bg empty:hidden">
        {data?.map((article) => (
          <li key={article.url}>
            <Link to={article.url} className="flex items-center justify-between p-4 hover:bg-sub">
              {article.title}
              <ChevronRight aria-hidden size={16} className="text-ink-3" />
            </Link>
          </li>
        ))}
      </ul>
      <AskUs />
    </div>
  );
}

export function HelpPage() {
  const { pathname } = useLocation();
  const { data, error, reload } = useArticles();
  const article = data?.find((candidate) => candidate.url === pathname);
  useTitle(article?.title ?? "Help");
  if (error) return <LoadingProblem text={error} onRetry={reload} />;
  if (!data) return <div className="h-[60vh]" />;
  if (!article) return <NotFoundPage />;
  return (
    <article className="mx-auto max-w-[640px]">
      <Link to="/help" className="mt-10 inline-block text-14 text-ink-3 hover:text-ink hover:underline">
        Help
      </Link>
      <h1 className="mt-1 text-28 font-semibold tracking-tight">{article.title}</h1>
      <p className="mt-4 text-16 whitespace-pre-line text-ink-2">{article.body}</p>
      <AskUs />
    </article>
  );
}

function AskUs() {
  return (
    <button
      type="button"
      onClick={openChat}
      className="mt-8 flex items-center gap-2 rounded-full border border-line-strong px-5 py-2.5 font-medium transition-colors hover:bg-sunk"
    >
      <MessageCircle aria-hidden size={17} strokeWidth={1.75} />
      Ask us
    </button>
  );
}
