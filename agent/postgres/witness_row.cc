#include "agent/postgres/witness_row.h"

#include "absl/strings/str_cat.h"
#include "agent/domain/names.h"
#include "agent/postgres/claim.h"
#include "agent/postgres/transaction_sql.h"
#include "proto/base/text.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/reasons.h"
#include "proto/contract/signed_note.h"

namespace resetctl::agent {
namespace {

absl::StatusOr<bool> TableExists(Session& session) {
  const absl::StatusOr<Rows> rows = session.QueryOwn(
      "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n "
      "on n.oid = c.relnamespace where n.nspname = 'resetctl' and c.relname = 'witness' "
      "and c.relkind = 'r')");
  if (!rows.ok()) return rows.status();
  return rows->Bool(0, 0);
}

}  // namespace

absl::Status EnsureWitnessTable(Session& session) {
  const absl::StatusOr<bool> exists = TableExists(session);
  if (!exists.ok()) return exists.status();
  if (*exists) return absl::OkStatus();
  absl::Status made = session.ExecuteOwn(sql::kWitnessTable);
  if (contract::ReasonOf(made) != v1::REASON_PRIVILEGE_MISSING) return made;
  return contract::Error(
      v1::REASON_PRIVILEGE_MISSING,
      absl::StrCat("The agent's role may not create the table ", session.own_schema(), ".witness."),
      absl::StrCat("As the schema's owner: grant create on schema ",
                   QuoteForSql(session.own_schema()), " to <the agent's role>;"));
}

absl::Status KeepSeenLog(Session& session, const v1::SeenLog& seen) {
  const absl::StatusOr<contract::SignedNote> note = contract::ParseSignedNote(seen.checkpoint());
  if (!note.ok()) return note.status();
  const absl::StatusOr<contract::Checkpoint> checkpoint = contract::ParseCheckpointBody(note->text);
  if (!checkpoint.ok()) return checkpoint.status();
  return session
      .QueryOwn(
          "insert into resetctl.witness (origin, size, root, log_key, checkpoint) "
          "values ($1, $2, $3, $4, $5) on conflict (only_row) do update set "
          "origin = excluded.origin, size = excluded.size, root = excluded.root, "
          "log_key = excluded.log_key, checkpoint = excluded.checkpoint, "
          "kept_at = pg_catalog.clock_timestamp()",
          {checkpoint->origin, absl::StrCat(checkpoint->size), base::ToHex(checkpoint->root),
           seen.log_key(), base::ToBase64(seen.checkpoint())})
      .status();
}

absl::StatusOr<std::optional<v1::SeenLog>> ReadSeenLog(Session& session) {
  const absl::StatusOr<bool> exists = TableExists(session);
  if (!exists.ok()) return exists.status();
  if (!*exists) return std::optional<v1::SeenLog>();
  const absl::StatusOr<Rows> rows =
      session.QueryOwn("select log_key, checkpoint from resetctl.witness");
  if (!rows.ok()) return rows.status();
  if (rows->size() == 0) return std::optional<v1::SeenLog>();
  v1::SeenLog seen;
  seen.set_log_key(rows->Text(0, 0));
  std::string note;
  if (!base::FromBase64(rows->Text(0, 1), &note)) {
    return contract::Error(v1::REASON_LEDGER_DISAGREES,
                           absl::StrCat(session.own_schema(), ".witness cannot be read."),
                           OwnSchemaChanged(session));
  }
  seen.set_checkpoint(std::move(note));
  return std::optional<v1::SeenLog>(std::move(seen));
}

absl::Status ForgetSeenLog(Session& session) {
  const absl::StatusOr<bool> exists = TableExists(session);
  if (!exists.ok()) return exists.status();
  return *exists ? session.ExecuteOwn("delete from resetctl.witness") : absl::OkStatus();
}

}  // namespace resetctl::agent
