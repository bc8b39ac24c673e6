// Shows /api/openapi.json: operations by tag, with parameters, bodies and answers. No library, no other origin.
const main = document.getElementById("operations");

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function resolve(schema, schemas, depth = 0) {
  if (!schema || depth > 8) return "…";
  if (schema.$ref) return resolve(schemas[schema.$ref.split("/").pop()], schemas, depth + 1);
  if (schema.anyOf) return either(schema.anyOf.map((one) => resolve(one, schemas, depth + 1)));
  if (schema.type === "array") return [resolve(schema.items, schemas, depth + 1)];
  if (schema.properties) {
    const required = new Set(schema.required ?? []);
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, value]) => [
        required.has(name) ? name : `${name}?`,
        resolve(value, schemas, depth + 1),
      ]),
    );
  }
  if (schema.enum) return schema.enum.join(" | ");
  return schema.format ? `${schema.type} (${schema.format})` : (schema.type ?? "any");
}

function either(shown) {
  if (shown.every((one) => typeof one === "string")) return shown.join(" | ");
  const known = shown.filter((one) => one !== "null");
  return known.length === 1 ? known[0] : known;
}

function block(title, schema, schemas) {
  const shown = element("pre");
  shown.append(element("code", JSON.stringify(resolve(schema, schemas), null, 2)));
  return [element("h3", title), shown];
}

function parameters(list) {
  const table = element("table");
  for (const one of list) {
    const row = element("tr");
    row.append(element("td", one.name + (one.required ? "" : "?")), element("td", one.in));
    row.append(element("td", one.schema?.format ?? one.schema?.type ?? one.schema?.enum?.join(" | ") ?? ""));
    table.append(row);
  }
  return [element("h3", "Parameters"), table];
}

function operation(path, method, described, schemas) {
  const box = element("details");
  const head = element("summary");
  head.append(element("span", method.toUpperCase(), `method ${method}`), element("code", path));
  head.append(element("span", described.summary, "what"));
  const body = element("div", undefined, "body");
  if (described.description) body.append(element("p", described.description.replaceAll("`", "")));
  if (described.parameters?.length) body.append(...parameters(described.parameters));
  const sent = described.requestBody?.content["application/json"]?.schema;
  if (sent) body.append(...block("Body", sent, schemas));
  for (const [status, answer] of Object.entries(described.responses)) {
    const schema = answer.content?.["application/json"]?.schema;
    if (schema) body.append(...block(`Answer ${status}`, schema, schemas));
  }
  const errors = Object.keys(described.responses).filter((status) => Number(status) >= 400);
  if (errors.length) body.append(element("h3", "Errors"), element("p", `${errors.join(", ")} as application/problem+json`));
  box.append(head, body);
  return box;
}

async function show() {
  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const document_ = await answer.json();
  const schemas = document_.components.schemas;
  const byTag = new Map();
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const tag = described.tags[0];
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push(operation(path, method, described, schemas));
    }
  }
  main.replaceChildren();
  for (const [tag, boxes] of byTag) main.append(element("h2", tag), ...boxes);
}

show().catch((error) => main.replaceChildren(element("p", `The document could not be read: ${error.message}. Reload to try again.`)));
