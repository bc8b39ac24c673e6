import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useMemo } from "react";
import { createBrowserRouter, Navigate, RouterProvider } from "react-router";
import { useStore } from "zustand";
import { endSession, restoreSession, type StaffUser, useSession } from "@/features/auth/session";
import { SignInPage } from "@/features/auth/sign-in-page";
import { InsightsPage } from "@/features/insights/insights-page";
import {
  type ConsoleSession,
  createSession,
  flushOutboxes,
  SessionContext,
} from "@/features/live/console-session";
import { RestError } from "@/features/rest/client";
import { SETTINGS } from "@/features/settings/sections";
import { Bone, Failed } from "@/features/ui/states";
import { needsSignIn } from "@/shared/socket";
import { InboxPage } from "./inbox-page";
import { PageProblem } from "./page-problem";
import { BASE, INSIGHTS, queuePath, SIMULATOR } from "./paths";
import { Shell } from "./shell";

// Seldom visited: loaded when they are.
const SimulatorPage = lazy(async () => ({ default: (await import("./simulator-page")).SimulatorPage }));
const SettingsShell = lazy(async () => ({ default: (await import("./settings-shell")).SettingsShell }));

/** Without a network a page says so, in the place of waiting for it without a word. */
const QUERIES = { retry: worthRetrying, networkMode: "always", refetchOnReconnect: true } as const;

const router = createBrowserRouter(
  [
    {
      element: <Shell />,
      children: [
        {
          errorElement: <PageProblem />,
          children: [
            { path: "/queue/:queue/:conversation?", element: <InboxPage /> },
            { path: INSIGHTS, element: <InsightsPage /> },
            { path: `${SIMULATOR}/:kind?`, element: <Later page={<SimulatorPage />} /> },
            { path: `${SETTINGS}/*`, element: <Later page={<SettingsShell />} /> },
            { path: "*", element: <Navigate to={queuePath("mine")} replace /> },
          ],
        },
      ],
    },
  ],
  { basename: BASE },
);

/** A page whose files are still on their way. */
function Later({ page }: { page: ReactNode }) {
  return <Suspense fallback={<PageBones />}>{page}</Suspense>;
}

function PageBones() {
  return (
    <main
      role="status"
      aria-label="Loading the page"
      className="flex min-w-0 flex-1 flex-col gap-4 bg-sub p-6"
    >
      <Bone className="h-6 w-40" />
      <Bone className="h-32 rounded-2" />
    </main>
  );
}

/** Only what the network did is worth a second try. */
function worthRetrying(failures: number, error: Error): boolean {
  return failures < 1 && error instanceof RestError && (error.status === 0 || error.status >= 500);
}

/** The console: sign-in, or the application of who is signed in. */
export function ConsoleApp() {
  const session = useSession();
  useEffect(() => void restoreSession(), []);
  switch (session.status) {
    case "unknown":
      return null;
    case "unreachable":
      return (
        <main className="flex h-full">
          <Failed reason={session.reason} retry={() => void restoreSession()} />
        </main>
      );
    case "out":
      return <SignInPage key={session.reason} reason={session.reason} />;
    case "in":
      return <SignedIn key={session.user.id} user={session.user} />;
  }
}

function SignedIn({ user }: { user: StaffUser }) {
  const session = useMemo(() => createSession(user), [user]);
  const queries = useMemo(
    () => new QueryClient({ defaultOptions: { queries: QUERIES, mutations: { networkMode: "always" } } }),
    [],
  );
  useEffect(() => {
    session.client.open();
    return () => session.client.close();
  }, [session]);
  useLine(session);
  return (
    <SessionContext value={session}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </SessionContext>
  );
}

/** When the line is there, send what waited for it; when the server ended the session, sign in again. */
function useLine(session: ConsoleSession): void {
  const link = useStore(session.client.store.view, (state) => state.link);
  const endCode = useStore(session.client.store.view, (state) => state.endCode);
  useEffect(() => {
    if (link === "open") flushOutboxes(session);
    if (link === "ended" && needsSignIn(endCode)) endSession("Your session has ended. Sign in again.");
  }, [session, link, endCode]);
}
