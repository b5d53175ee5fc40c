import { InventoryServiceDefinition, UserServiceDefinition } from '@stampede/contracts';

const user = UserServiceDefinition;
const inventory = InventoryServiceDefinition;

/** What strangers may call, as `package.Service/Method`; all else needs a token. */
export const PUBLIC_METHODS: ReadonlySet<string> = new Set([
  `${user.fullName}/${user.methods.createUser.name}`,
  `${user.fullName}/${user.methods.createSession.name}`,
  `${user.fullName}/${user.methods.refreshSession.name}`,
  `${user.fullName}/${user.methods.revokeSession.name}`,
  `${user.fullName}/${user.methods.getJwks.name}`,
  `${inventory.fullName}/${inventory.methods.listProducts.name}`,
  `${inventory.fullName}/${inventory.methods.getProduct.name}`,
]);
