/** Options of the scripts: --name value and --flag. */
export class Arguments {
  private readonly words = process.argv.slice(2);

  /** Prints usage and ends the script when it is asked for by --help. */
  help(usage: string): void {
    if (!this.flag("help")) return;
    console.log(usage);
    process.exit(0);
  }

  flag(name: string): boolean {
    return this.words.includes(`--${name}`);
  }

  text(name: string, fallback: string): string {
    const at = this.words.indexOf(`--${name}`);
    return at < 0 ? fallback : (this.words[at + 1] ?? fallback);
  }

  number(name: string, fallback: number): number {
    const value = Number(this.text(name, String(fallback)));
    if (!Number.isFinite(value)) throw new Error(`--${name} must be a number`);
    return value;
  }
}
