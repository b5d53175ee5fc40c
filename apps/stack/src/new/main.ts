import { AppError } from '@stampede/errors';
import { ROOT } from '../apps.ts';
import { newService } from './new-service.ts';

const [kind, name = ''] = process.argv.slice(2);
if (kind !== 'service') {
  process.stderr.write('usage: npm run new -- service <name>\n');
  process.exit(2);
}
try {
  const files = await newService(ROOT, name);
  process.stdout.write(`${files.join('\n')}\n
Next:
  npm install && npm run generate
  npx nx run-many -t lint,typecheck,test -p ${name}
  npx nx serve ${name}     beside a running npm start; the next npm start brings it up with the others
`);
} catch (error) {
  process.stderr.write(`${AppError.from(error).code === 'INTERNAL' ? String(error) : (error as AppError).message}\n`);
  process.exit(1);
}
