import { Mountain, Package, ShoppingBag } from "lucide-react";
import { Link, NavLink } from "react-router";
import { useCart } from "./cart";
import { categoriesOf, categoryPath } from "./records";
import { useCatalogue } from "./use-records";
import { VisitorSwitch } from "./visitor-switch";

/** Name, categories, and who the visitor is. */
export function Header() {
  const products = useCatalogue((state) => state.products);
  const count = useCart((state) => state.lines.reduce((sum, line) => sum + line.quantity, 0));
  return (
    <header className="sticky top-0 z-20 border-b border-line bg-bg/95 backdrop-blur">
      <div className="mx-auto flex max-w-[1240px] flex-wrap items-center gap-x-6 gap-y-1 px-5 pt-3 pb-2 md:px-8">
        <Link to="/" className="flex items-center gap-2 text-16 font-semibold tracking-tight">
          <Mountain aria-hidden size={20} strokeWidth={1.75} />
          Demo Outfitters
        </Link>
        <div className="ml-auto flex items-center gap-1 md:order-3">
          <VisitorSwitch />
          <IconLink to="/orders" label="Your orders">
            <Package aria-hidden size={19} strokeWidth={1.75} />
          </IconLink>
          <IconLink to="/cart" label={`Cart, ${count} ${count === 1 ? "item" : "items"}`}>
            <ShoppingBag aria-hidden size={19} strokeWidth={1.75} />
            {count > 0 && (
              <span className="absolute -top-0.5 -right-0.5 min-w-[17px] rounded-full bg-ink px-1 text-center text-[11px] leading-[17px] font-semibold text-bg">
                {count}
              </span>
            )}
          </IconLink>
        </div>
        <nav
          aria-label="Categories"
          className="order-4 -mx-2 flex w-full gap-1 overflow-x-auto [scrollbar-width:none]"
        >
          {categoriesOf(products ?? []).map((category) => (
            <NavLink
              key={category}
              to={categoryPath(category)}
              className={({ isActive }) =>
                `shrink-0 rounded-1 px-2 py-1 text-14 capitalize transition-colors hover:text-ink ${
                  isActive ? "font-medium text-ink" : "text-ink-2"
                }`
              }
            >
              {category}
            </NavLink>
          ))}
        </nav>
      </div>
    </header>
  );
}

function IconLink({ to, label, children }: { to: string; label: string; children: React.ReactNode }) {
  return (
    <Link
      to={to}
      aria-label={label}
      title={label}
      className="relative grid size-9 place-items-center rounded-1 text-ink-2 transition-colors hover:bg-sunk hover:text-ink"
    >
      {children}
    </Link>
  );
}
