#!/usr/bin/env bash
# The calls of the specification of operations, as they stand there: but for the host, the keys and
# the tenant.
set -euo pipefail

# Executar rebuild manual
curl -sS -f -X POST "$HOST/api/v1/jobs/rebuild-daily-metrics" \
  -H "X-Internal-Key: $KEY" \
  -H "Content-Type: application/json" \
  -d '{"tenantId": "'"$TENANT"'", "from": "2024-01-01", "to": "2024-01-31"}'

# Listar status dos jobs
curl -sS -f -X GET "$HOST/api/v1/jobs/status?jobType=metrics_aggregation&limit=10" \
  -H "Authorization: Bearer $JWT"

# Estatisticas dos jobs
curl -sS -f -X GET "$HOST/api/v1/jobs/stats" \
  -H "Authorization: Bearer $JWT"
