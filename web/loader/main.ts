import { install } from "./install";

install(document.currentScript);
