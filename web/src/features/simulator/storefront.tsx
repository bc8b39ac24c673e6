import { useMutation } from "@tanstack/react-query";
import { CircleAlert, CircleCheck } from "lucide-react";
import { type FormEvent, useState } from "react";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { refusalWords, writeAs } from "./simulator";

/** Shopify has no chat: its customers write in the widget on the storefront, and it tells of their orders. */
export function Storefront() {
  return (
    <>
      <section
        aria-label="The customer's phone: storefront"
        data-testid="phone"
        data-kind="shopify"
        className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-[28px] border-[6px] border-line-strong bg-sub shadow-float"
      >
        <iframe
          title="The storefront with its chat"
          src="/"
          className="size-full min-h-0 flex-1 border-0 bg-bg"
        />
      </section>
      <OrderForm />
    </>
  );
}

function OrderForm() {
  const [number, setNumber] = useState("#2001");
  const order = useMutation({ mutationFn: () => writeAs("shopify", null, number.trim()) });
  const refused = order.isError
    ? errorWords(order.error)
    : order.data
      ? refusalWords(order.data.status)
      : null;

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!order.isPending) order.mutate();
  }

  return (
    <form
      onSubmit={submit}
      className="flex shrink-0 flex-col gap-1 rounded-2 border border-line bg-raised p-3"
    >
      <TextField
        label="Shopify tells of an order of Ana's"
        hint="Then ask for it in the storefront's chat, as Ana."
        problem={refused}
        value={number}
        onChange={(event) => setNumber(event.target.value)}
        end={
          <Button type="submit" className="h-8" disabled={order.isPending}>
            {order.isPending ? "Telling" : "Tell"}
          </Button>
        }
      />
      <p role="status" className="text-12 text-ok">
        {order.isSuccess && refused === null && (
          <span className="flex items-center gap-1.5">
            <CircleCheck aria-hidden size={13} />
            The signed webhook was taken.
          </span>
        )}
        {refused !== null && <CircleAlert role="img" aria-label="refused" size={13} className="text-bad" />}
      </p>
    </form>
  );
}
