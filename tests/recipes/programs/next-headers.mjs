// The one function of next/headers that the recipe calls.
import { serving } from "./next-auth.mjs";

export const headers = async () => serving.getStore().headers;
