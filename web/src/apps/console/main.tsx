import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followTheme } from "@/features/theme/theme";
import { ConsoleApp } from "./console-app";
import "./console.css";

followTheme();

const root = document.getElementById("root");
if (root === null) throw new Error("expected an element #root in the page, got none");
createRoot(root).render(
  <StrictMode>
    <ConsoleApp />
  </StrictMode>,
);
