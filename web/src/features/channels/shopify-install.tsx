import { useMutation } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { type FormEvent, useState } from "react";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { FormProblem } from "./account-form";
import { installAddress, shopDomain } from "./shopify";

/** Connect a shop by signing in there: Shopify asks for approval and sends the browser back. */
export function ShopifyInstall() {
  const [typed, setTyped] = useState("");
  const [tried, setTried] = useState(false);
  const domain = shopDomain(typed);
  const begin = useMutation({
    mutationFn: installAddress,
    onSuccess: (address) => location.assign(address),
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (domain !== null && !begin.isPending) begin.mutate(domain);
  }

  return (
    <form
      onSubmit={submit}
      noValidate
      className="flex flex-col gap-3 rounded-2 border border-line bg-sub p-3"
    >
      <TextField
        label="Install the app in your shop"
        hint="The shop's permanent address. Shopify asks you to approve, and brings you back here."
        problem={tried && domain === null ? "As name.myshopify.com, not the shop's own domain." : null}
        placeholder="name.myshopify.com"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        end={
          <Button
            type="submit"
            kind="primary"
            className="h-8"
            data-testid="install"
            disabled={begin.isPending}
          >
            Install
            <ExternalLink aria-hidden size={14} />
          </Button>
        }
      />
      {begin.isError && <FormProblem>{errorWords(begin.error)}</FormProblem>}
    </form>
  );
}
