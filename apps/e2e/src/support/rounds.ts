/** How much longer than a moment the long proofs take: 2 unless STAMPEDE_E2E_ROUNDS says otherwise. */
export const ROUNDS = Number(process.env['STAMPEDE_E2E_ROUNDS'] ?? 2);
