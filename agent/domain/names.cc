#include "agent/domain/names.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/text.h"

namespace resetctl::agent {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || c == '-' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool AllPlain(absl::string_view text) {
  for (const char c : text) {
    if (!IsPlain(c)) return false;
  }
  return !text.empty();
}

std::string Quote(absl::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

// Plain text that YAML would not read as a string: true, 12, 1e3, null, ~.
bool YamlReadsOtherwise(absl::string_view text) {
  static const std::set<std::string> kWords = {"true", "false", "null", "yes", "no", "on", "off",
                                               "True", "False", "Null", "Yes", "No", "On", "Off",
                                               "TRUE", "FALSE", "NULL", "YES", "NO", "ON", "OFF",
                                               "y",    "n",     "Y",    "N"};
  return kWords.count(base::Str(text)) > 0 || (text[0] >= '0' && text[0] <= '9') || text[0] == '-';
}

}  // namespace

bool IsMigrationHistory(absl::string_view table) {
  static const std::set<std::string> kNames = {
      "alembic_version",        "schema_migrations",     "ar_internal_metadata",
      "data_migrations",        "flyway_schema_history", "schema_version",
      "databasechangelog",      "databasechangeloglock", "_prisma_migrations",
      "django_migrations",      "knex_migrations",       "knex_migrations_lock",
      "__EFMigrationsHistory",  "_sqlx_migrations",      "goose_db_version",
      "__drizzle_migrations",   "SequelizeMeta",         "doctrine_migration_versions",
      "atlas_schema_revisions", "mikro_orm_migrations"};
  return kNames.count(base::Str(table)) > 0;
}

bool IsMigrationLock(absl::string_view table) {
  return table == "databasechangeloglock" || table == "knex_migrations_lock";
}

std::string BlueprintName(absl::string_view name) {
  return AllPlain(name) ? base::Str(name) : Quote(name, '"');
}

std::string BlueprintName(absl::string_view schema, absl::string_view name) {
  return absl::StrCat(BlueprintName(schema), ".", BlueprintName(name));
}

std::string YamlList(const std::vector<std::string>& entries) {
  std::vector<std::string> texts;
  for (const std::string& entry : entries) {
    bool plain = !entry.empty() && !YamlReadsOtherwise(entry);
    for (const char c : entry) plain = plain && (IsPlain(c) || c == '.');
    texts.push_back(plain ? entry : Quote(entry, '\''));
  }
  return absl::StrCat("[", absl::StrJoin(texts, ", "), "]");
}

std::string QuoteForSql(absl::string_view identifier) {
  bool plain = !identifier.empty() && !(identifier[0] >= '0' && identifier[0] <= '9');
  for (const char c : identifier) {
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
  }
  return plain ? base::Str(identifier) : Quote(identifier, '"');
}

std::string WithThousands(int64_t number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    text.insert(at, ",");
  }
  return text;
}

std::string RowsText(int64_t rows) {
  return absl::StrCat(WithThousands(rows), rows == 1 ? " row" : " rows");
}

std::string Join(const std::vector<std::string>& names) {
  if (names.size() < 2) return absl::StrJoin(names, "");
  return absl::StrCat(absl::StrJoin(names.begin(), names.end() - 1, ", "), " and ", names.back());
}

}  // namespace resetctl::agent
