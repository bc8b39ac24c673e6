import { Link } from "react-router";

const LINKS = [
  ["/help/delivery", "Delivery"],
  ["/help/returns", "Returns"],
  ["/help/warranty", "Warranty"],
  ["/help", "Help"],
] as const;

export function Footer() {
  return (
    <footer className="border-t border-line bg-bg">
      <div className="mx-auto flex max-w-[1240px] flex-wrap gap-x-6 gap-y-2 px-5 py-8 text-14 text-ink-2 md:px-8">
        <span>Demo Outfitters, a shop that sells nothing</span>
        <nav aria-label="Service" className="flex gap-5 md:ml-auto">
          {LINKS.map(([to, label]) => (
            <Link key={to} to={to} className="hover:text-ink hover:underline">
              {label}
            </Link>
          ))}
        </nav>
      </div>
    </footer>
  );
}
