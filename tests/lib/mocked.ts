/** Tests of the dashboard's pages over the mock: one mock and one browser a file, and a window of its own for each test. */
import { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { noBrowser, openBrowser, type View, visit, type Visit } from "./browser";
import { type Mock, noMock, startMock } from "./mock";

export const skip = noBrowser || noMock || false;

export interface Mocked {
  mock: () => Mock;
  /** A new window in which nobody is logged in. */
  open: (view?: View) => Promise<Visit>;
  /** A new window of that person, at the runs. */
  enter: (person: string, view?: View) => Promise<Visit>;
}

export function mocked(): Mocked {
  let browser: Browser;
  let mock: Mock;
  before(async () => {
    if (skip) return;
    mock = await startMock("gate");
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    mock?.stop();
  });
  const open = (view?: View): Promise<Visit> => visit(browser, view);
  const enter = async (person: string, view?: View): Promise<Visit> => {
    const visited = await open(view);
    await visited.page.goto(`${mock.url}/#token=${person}`);
    await visited.page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
    return visited;
  };
  return { mock: () => mock, open, enter };
}
