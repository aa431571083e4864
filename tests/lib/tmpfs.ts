/** A small disk in memory, that can be filled and made larger. */
import { execFileSync } from "node:child_process";
import { chownSync } from "node:fs";
import { atExit } from "./cleanup";
import { account } from "./cluster";
import { temporary } from "./plan";

export class Tmpfs {
  private constructor(readonly folder: string) {}

  /** Undefined where mounting is not allowed. */
  static mount(megabytes: number): Tmpfs | undefined {
    const folder = temporary("disk");
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "headgate-test", folder], { stdio: "pipe" });
    } catch {
      return undefined;
    }
    const owner = account();
    if (owner) chownSync(folder, owner.uid, owner.gid);
    atExit(() => execFileSync("umount", ["-l", folder], { stdio: "pipe" }));
    return new Tmpfs(folder);
  }

  grow(megabytes: number): void {
    execFileSync("mount", ["-o", `remount,size=${megabytes}m`, this.folder], { stdio: "pipe" });
  }
}
