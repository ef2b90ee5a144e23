#!/usr/bin/env bash
# The health checks, the smoke test and the calls of troubleshooting of the specification of the
# scheduler, as they stand there: but for the host, and for the header Authorization.
set -euo pipefail

AUTH="Authorization: Bearer $JWT"

# Health principal
curl -sS -f "$HOST/actuator/health"

# Database connectivity
curl -sS -f "$HOST/actuator/health/db"

# Redis connectivity
curl -sS -f "$HOST/actuator/health/redis"

# Scheduler status
curl -sS -f -H "$AUTH" "$HOST/scheduler/status"

# 1. Criar job teste
curl -sS -f -X POST "$HOST/scheduler/jobs" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $JWT" \
  -d '{
    "nome_job": "test-job",
    "tipo_job": "ONE_TIME",
    "servico_alvo": "resultados",
    "endpoint_execucao": "/health",
    "proxima_execucao": "'$(date -u +%Y-%m-%dT%H:%M:%S)'"
  }'

# 2. Executar job manualmente
JOB_ID=$(curl -s -H "$AUTH" "$HOST/scheduler/jobs" | jq -r '.[-1].id')
curl -sS -f -X POST -H "$AUTH" "$HOST/scheduler/jobs/$JOB_ID/execute"

# 3. Verificar execução
curl -sS -f -H "$AUTH" "$HOST/scheduler/execucoes" | jq '.[0]'

# 4. Testar distributed lock
curl -sS -f -X POST -H "$AUTH" "$HOST/scheduler/admin/test-lock"

# Verificar jobs ativos
curl -sS -f -H "$AUTH" "$HOST/scheduler/jobs" | jq '.[] | select(.ativo == true)'

# Verificar execuções em andamento
curl -sS -f -H "$AUTH" "$HOST/scheduler/execucoes" | jq '.[] | select(.status == "RUNNING")'

# Thread pool status
curl -sS -f -H "$AUTH" "$HOST/actuator/metrics/executor.active"
curl -sS -f -H "$AUTH" "$HOST/actuator/metrics/executor.queued"

# Job execution times
curl -sS -f -H "$AUTH" "$HOST/actuator/metrics/scheduler.execution.duration"

# Database connections
curl -sS -f -H "$AUTH" "$HOST/actuator/metrics/r2dbc.pool.connections"
