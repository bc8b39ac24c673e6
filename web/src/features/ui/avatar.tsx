import type { ReactNode } from "react";

/** The first letters of the first and last word: "Ana Demo" -> "AD", "jo.summits" -> "JS". */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const first = words[0]?.match(/./u)?.[0] ?? "?";
  const last = words.length > 1 ? (words[words.length - 1]?.match(/./u)?.[0] ?? "") : "";
  return (first + last).toUpperCase();
}

const LOOK = {
  customer: "bg-sunk text-ink-2",
  agent: "bg-brand-soft text-brand",
  other: "bg-warn-soft text-warn",
};

const SIZE = { small: "size-5 text-[10px]", medium: "size-6 text-[11px]", large: "size-7 text-[11px]" };

type AvatarProps = {
  name: string;
  kind?: keyof typeof LOOK;
  size?: keyof typeof SIZE;
  title?: string;
  badge?: ReactNode;
};

export function Avatar({ name, kind = "customer", size = "medium", title, badge }: AvatarProps) {
  return (
    <span
      title={title}
      className={`relative grid shrink-0 place-items-center rounded-full font-semibold ${LOOK[kind]} ${SIZE[size]}`}
    >
      <span aria-hidden>{initials(name)}</span>
      {badge}
    </span>
  );
}
