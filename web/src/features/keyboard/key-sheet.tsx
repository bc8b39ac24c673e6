import { Dialog } from "../ui/dialog";
import { KeyCaps } from "../ui/key-caps";
import { BINDINGS, type Binding } from "./keymap";

const GROUPS: readonly Binding["group"][] = ["Go to", "List", "Conversation", "Help"];

function Group({ name }: { name: Binding["group"] }) {
  return (
    <section className="break-inside-avoid">
      <h3 className="mb-1 text-12 text-ink-3">{name}</h3>
      <dl className="mb-4">
        {BINDINGS.filter(({ group }) => group === name).map(({ action, title, keys }) => (
          <div key={action} className="flex items-center justify-between py-1">
            <dt className="text-ink-2">{title}</dt>
            <dd>
              <span className="sr-only">{keys}</span>
              <KeyCaps keys={keys} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function KeySheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className="columns-1 gap-8 p-4 pb-1 sm:columns-2">
        {GROUPS.map((name) => (
          <Group key={name} name={name} />
        ))}
      </div>
    </Dialog>
  );
}
