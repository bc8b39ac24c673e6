import { useMutation, useQuery } from "@tanstack/react-query";
import { CircleAlert, FileText, Send } from "lucide-react";
import { type FormEvent, useState } from "react";
import { titleWords } from "../format/words";
import { useConversation } from "../live/use-session";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { Chip } from "../ui/chip";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { notify } from "../ui/notices";
import { Bone, Empty, Failed } from "../ui/states";
import {
  closeTemplates,
  emptyVariables,
  hasTemplates,
  matchTemplates,
  openTemplates,
  sendTemplate,
  type Template,
  templatePieces,
  templatesQuery,
  useTemplatePicker,
} from "./templates";

/** Choose an approved template, fill it in, see what the customer will read, send it. */
export function TemplatePicker({ conversation }: { conversation: string }) {
  const open = useTemplatePicker((state) => state.conversation === conversation);
  return open ? <Picker conversation={conversation} /> : null;
}

function Picker({ conversation }: { conversation: string }) {
  const query = useQuery(templatesQuery(conversation));
  const [chosen, setChosen] = useState<Template | null>(null);
  return (
    <Dialog
      form
      title={chosen === null ? "Send a template" : titleWords(chosen.name)}
      onClose={closeTemplates}
    >
      {query.isPending && <Bone className="m-4 h-40" />}
      {query.isError && <Failed reason={errorWords(query.error)} retry={() => void query.refetch()} />}
      {query.data !== undefined &&
        (chosen === null ? (
          <Choice templates={query.data} onChoose={setChosen} />
        ) : (
          <Fill conversation={conversation} template={chosen} onBack={() => setChosen(null)} />
        ))}
    </Dialog>
  );
}

type ChoiceProps = { templates: readonly Template[]; onChoose: (template: Template) => void };

function Choice({ templates, onChoose }: ChoiceProps) {
  const [search, setSearch] = useState("");
  if (templates.length === 0) {
    return (
      <Empty icon={<FileText size={18} />} title="No template is approved yet">
        Templates are written and approved at the vendor; approved ones appear here by themselves.
      </Empty>
    );
  }
  const found = matchTemplates(templates, search);
  return (
    <div className="flex flex-col gap-3 p-4" data-testid="templates">
      <TextField
        label="Look for a template"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {found.length === 0 && <p className="text-ink-2">No template has these words.</p>}
      <ul className="flex flex-col gap-2">
        {found.map((template) => (
          <li key={template.id}>
            <button
              type="button"
              data-testid="template"
              onClick={() => onChoose(template)}
              className="w-full rounded-2 border border-line bg-bg p-3 text-left transition-colors hover:border-ink-3"
            >
              <span className="flex flex-wrap items-center gap-2 font-medium">
                {titleWords(template.name)}
                <Chip>{template.language}</Chip>
                {template.category !== "" && <Chip>{titleWords(template.category.toLowerCase())}</Chip>}
              </span>
              <span className="mt-0.5 line-clamp-2 text-ink-2">{template.body}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

type FillProps = { conversation: string; template: Template; onBack: () => void };

function Fill({ conversation, template, onBack }: FillProps) {
  const [values, setValues] = useState<Record<string, string>>({});
  // One key for this filling-in: however often it is pressed, it is sent once.
  const [key] = useState(() => crypto.randomUUID());
  const send = useMutation({
    mutationFn: () => sendTemplate(conversation, key, template.id, values),
    onSuccess: () => {
      closeTemplates();
      notify("The template is on its way.");
    },
  });
  const empty = emptyVariables(template, values);

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (empty.length === 0 && !send.isPending) send.mutate();
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4 p-4">
      {template.variables.map((name) => (
        <TextField
          key={name}
          label={/^\d+$/.test(name) ? `Value ${name}` : titleWords(name)}
          maxLength={500}
          value={values[name] ?? ""}
          onChange={(event) => setValues((before) => ({ ...before, [name]: event.target.value }))}
        />
      ))}
      <div>
        <p className="mb-1 text-12 text-ink-3">What the customer reads</p>
        <p
          data-testid="template-preview"
          dir="auto"
          className="rounded-3 rounded-br-[4px] bg-brand-soft px-3 py-2 break-words whitespace-pre-wrap"
        >
          {templatePieces(template.body, values).map(({ key: piece, text, variable }) => (
            <span key={piece} className={variable !== null && empty.includes(variable) ? "text-warn" : ""}>
              {text}
            </span>
          ))}
        </p>
      </div>
      {send.isError && (
        <p role="alert" className="flex gap-2 rounded-1 bg-bad-soft px-3 py-2 text-bad">
          <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0" />
          {errorWords(send.error)}
        </p>
      )}
      <footer className="flex justify-end gap-2">
        <Button onClick={onBack}>Back</Button>
        <Button
          type="submit"
          kind="primary"
          data-testid="send-template"
          disabled={empty.length > 0 || send.isPending}
        >
          <Send aria-hidden size={13} />
          {send.isPending ? "Sending" : "Send"}
        </Button>
      </footer>
    </form>
  );
}

/** The way out for a message that came after the channel's time to answer, where the channel has one. */
export function UseTemplate({ conversation }: { conversation: string }) {
  const channel = useConversation(conversation, (held) => held.channel, null);
  if (!hasTemplates(channel)) return null;
  return (
    <button
      type="button"
      data-testid="use-template"
      onClick={() => openTemplates(conversation)}
      className="inline-flex items-center gap-1 rounded-1 px-1 text-12 text-ink underline hover:bg-sunk"
    >
      <FileText aria-hidden size={11} />
      Send a template
    </button>
  );
}
