import { useEffect } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router";
import { CartPage } from "./cart-page";
import { CategoryPage } from "./category-page";
import { Footer } from "./footer";
import { Header } from "./header";
import { HelpIndexPage, HelpPage } from "./help-pages";
import { HomePage } from "./home-page";
import { NotFoundPage } from "./not-found-page";
import { OrdersPage } from "./orders-page";
import { ProductPage } from "./product-page";
import { useCatalogue } from "./use-records";
import { useVisitor } from "./visitor";

/** The demo shop around the page that its address names. */
export function Shop() {
  const load = useCatalogue((state) => state.load);
  const become = useVisitor((state) => state.become);
  useEffect(() => {
    void load();
    void become(useVisitor.getState().who);
  }, [load, become]);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page begins at its top
  useEffect(() => window.scrollTo(0, 0), [pathname]);
  return (
    <div className="flex min-h-dvh flex-col text-ink">
      <Header />
      <main className="mx-auto w-full max-w-[1240px] flex-1 px-5 pb-20 md:px-8">
        <Routes>
          <Route path="/" element={<HomePage />} />
          <Route path="/categories/:category" element={<CategoryPage />} />
          <Route path="/products/:id" element={<ProductPage />} />
          <Route path="/orders" element={<OrdersPage />} />
          <Route path="/account/*" element={<Navigate to="/orders" replace />} />
          <Route path="/cart" element={<CartPage />} />
          <Route path="/help" element={<HelpIndexPage />} />
          <Route path="/help/:topic" element={<HelpPage />} />
          <Route path="/contact" element={<HelpIndexPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      </main>
      <Footer />
    </div>
  );
}
