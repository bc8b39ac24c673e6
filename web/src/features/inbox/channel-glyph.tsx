import { Camera, MessageCircle, Phone, Send, ShoppingBag, SquareTerminal, Zap } from "lucide-react";
import { channelName } from "../format/words";

const GLYPHS = {
  web: MessageCircle,
  whatsapp: Phone,
  instagram: Camera,
  messenger: Zap,
  facebook: Zap,
  telegram: Send,
  shopify: ShoppingBag,
  api: SquareTerminal,
};

function glyphOf(channel: string) {
  return channel in GLYPHS ? GLYPHS[channel as keyof typeof GLYPHS] : MessageCircle;
}

export function ChannelGlyph({ channel, size }: { channel: string; size: number }) {
  const Glyph = glyphOf(channel);
  return <Glyph role="img" aria-label={channelName(channel)} size={size} strokeWidth={2.2} />;
}
