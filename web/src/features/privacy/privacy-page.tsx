import { useQuery } from "@tanstack/react-query";
import { CircleCheck, Clock3, ShieldCheck } from "lucide-react";
import { fullTime, shortDay } from "../format/time";
import { errorWords } from "../rest/client";
import { SettingsBones, SettingsCard, SettingsPage } from "../settings/settings-layout";
import { Chip } from "../ui/chip";
import { Empty, Failed } from "../ui/states";
import { FindCustomer } from "./find-customer";
import { dueWords, isOpen, kindWords, type PrivacyRequest, reportRows, requestsQuery } from "./privacy";
import { ReportTable } from "./report-table";

/** What people may ask about their data: to get it, and that it is erased. */
export function PrivacyPage() {
  const query = useQuery(requestsQuery);
  return (
    <SettingsPage
      title="Privacy"
      intro="Customers may ask what you hold about them, and that it is erased. Shopify's own requests are answered by themselves and listed here."
    >
      <SettingsCard title="Export or erase a customer" hint="Look for the customer first.">
        <FindCustomer />
      </SettingsCard>
      {query.isPending && <SettingsBones cards={1} label="Loading the requests" />}
      {query.isError && <Failed reason={errorWords(query.error)} retry={() => void query.refetch()} />}
      {query.data !== undefined && (
        <SettingsCard title="Requests" hint="What was asked, and the proof of what was done.">
          {query.data.length === 0 ? (
            <div className="-my-6">
              <Empty icon={<ShieldCheck size={18} />} title="Nobody has asked yet">
                Every export and erasure is listed here with its report.
              </Empty>
            </div>
          ) : (
            <ul className="-m-4 divide-y divide-line">
              {query.data.map((request) => (
                <RequestRow key={request.id} request={request} />
              ))}
            </ul>
          )}
        </SettingsCard>
      )}
    </SettingsPage>
  );
}

function RequestRow({ request }: { request: PrivacyRequest }) {
  const now = new Date();
  const rows = reportRows(request.report);
  const open = isOpen(request);
  return (
    <li data-testid="privacy-request" className="px-4 py-2.5">
      <div className="flex flex-wrap items-center gap-2">
        <p className="min-w-0 flex-1 font-medium">
          {kindWords(request.kind)}
          <span className="font-normal text-ink-3"> · by {request.source}</span>
        </p>
        <time
          className="text-12 text-ink-3"
          dateTime={request.created_at}
          title={fullTime(request.created_at)}
        >
          {shortDay(request.created_at, now)}
        </time>
        <Chip tone={open ? "warn" : "ok"}>
          {open ? <Clock3 aria-hidden size={12} /> : <CircleCheck aria-hidden size={12} />}
          {dueWords(request, now)}
        </Chip>
      </div>
      {request.customer !== null && (
        <p className="text-12 break-all text-ink-3">Customer {request.customer}</p>
      )}
      {rows.length > 0 && (
        <details className="mt-1">
          <summary className="w-fit rounded-1 text-12 text-ink-2 hover:text-ink">Report</summary>
          <ReportTable rows={rows} />
        </details>
      )}
    </li>
  );
}
