import path from 'node:path';
import ts from 'typescript';
import { ROOT } from '../root.ts';

/** What a library exports without a word of what it is. */
export function undocumented(program: ts.Program, lib: string): readonly string[] {
  const checker = program.getTypeChecker();
  const door = program.getSourceFile(path.join(ROOT, 'libs', lib, 'src/index.ts'));
  const module = door && checker.getSymbolAtLocation(door);
  if (module === undefined) throw new Error(`${lib} has no door`);
  return checker
    .getExportsOfModule(module)
    .filter((symbol) => {
      const meant = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return meant.getDocumentationComment(checker).length === 0;
    })
    .map(({ name }) => name);
}
