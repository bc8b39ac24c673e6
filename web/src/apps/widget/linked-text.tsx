/** Web addresses, without the punctuation that ends the sentence. */
const ADDRESS = /(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/;

/** Plain text with its web addresses as links. */
export function LinkedText({ text }: { text: string }) {
  if (!text.includes("://")) return text;
  return text
    .split(ADDRESS)
    .map((part, index) => (index % 2 === 1 ? <Address key={part} url={part} /> : part));
}

function Address({ url }: { url: string }) {
  return (
    <a href={url} target="_blank" rel="noopener noreferrer" className="underline underline-offset-2">
      {url}
    </a>
  );
}
