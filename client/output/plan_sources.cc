#include "client/output/plan_sources.h"

#include <set>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/output/sanitize.h"
#include "client/output/table.h"
#include "client/output/times.h"
#include "proto/base/text.h"

namespace resetctl::client {
namespace {

std::string Indented(absl::string_view text) {
  std::string out;
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (absl::string_view line : lines) {
    absl::StrAppend(&out, line.empty() ? "" : "  ", line, "\n");
  }
  return out;
}

std::string Title(const Look& look, absl::string_view text) {
  return absl::StrCat("\n", Paint(look, Tone::kBold, absl::StrCat("-- ", text)), "\n");
}

std::string RowsText(const contract::RowsStep& rows) {
  std::string out;
  for (const auto& row : rows.rows) {
    std::string line;
    for (const auto& [column, value] : row) {
      absl::StrAppend(&line, line.empty() ? "" : ", ", column, ": ",
                      value.null ? "null" : absl::StrCat("'", value.text, "'"));
    }
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

class Sources {
 public:
  Sources(const Look& look, const contract::BundleFiles& bundle) : look_(look), bundle_(bundle) {}

  void File(absl::string_view title, const std::string& path) {
    const auto file = bundle_.files.find(path);
    shown_.insert(path);
    absl::StrAppend(&out_, Title(look_, absl::StrCat(title, ": ", Clean(path))),
                    file == bundle_.files.end() ? "  (not in the bundle)\n"
                                                : Indented(Clean(file->second, true)));
  }
  void Text(absl::string_view title, absl::string_view text) {
    absl::StrAppend(&out_, Title(look_, title), Indented(Clean(text, true)));
  }
  void Rest() {
    for (const auto& [path, content] : bundle_.files) {
      if (shown_.count(path) == 0) File("file", path);
    }
  }
  std::string Take() { return std::move(out_); }

 private:
  const Look& look_;
  const contract::BundleFiles& bundle_;
  std::set<std::string> shown_;
  std::string out_;
};

std::string StatementType(const v1::SignedStatement& statement) {
  const std::string& text = statement.text();
  return text.substr(0, text.find('\n'));
}

std::string PersonOf(const v1::SignedStatement& statement) {
  for (absl::string_view line : absl::StrSplit(statement.text(), '\n')) {
    if (absl::StartsWith(line, "person: ")) return base::Str(line.substr(8));
  }
  return "";
}

std::string OneStatement(const Look& look, const std::string& name,
                         const v1::SignedStatement& statement) {
  if (statement.text().empty()) return "";
  const std::string type = Clean(StatementType(statement));
  return absl::StrCat(
      Title(look, absl::StrCat("statement ", name)), Clean(statement.text(), true),
      Clean(statement.signature(), true), absl::EndsWith(statement.signature(), "\n") ? "" : "\n",
      "To verify: save the text as ", name, ".txt, the signature as ", name, ".sig, then\n",
      "  ssh-keygen -Y verify -f allowed_signers -I ", Clean(PersonOf(statement)), " -n ", type,
      " -s ", name, ".sig < ", name, ".txt\n");
}

}  // namespace

std::string RenderSources(const Look& look, const v1::PlanDocument& document,
                          const contract::BundleFiles& bundle,
                          const contract::Blueprint& blueprint) {
  Sources sources(look, bundle);
  const auto steps =
      contract::StepsWithSets(blueprint, {document.sets().begin(), document.sets().end()});
  if (steps.ok()) {
    for (const auto& [set, step] : *steps) {
      const std::string title = absl::StrCat(
          "recreate · ", Clean(step.name), set.empty() ? "" : absl::StrCat(" (", Clean(set), ")"));
      if (const auto* sql = std::get_if<contract::SqlStep>(&step.what)) {
        sources.File(title, sql->file);
      } else if (const auto* csv = std::get_if<contract::CsvStep>(&step.what)) {
        sources.File(absl::StrCat(title, ", into ", Clean(csv->table.text)), csv->file);
      } else if (const auto* rows = std::get_if<contract::RowsStep>(&step.what)) {
        sources.Text(absl::StrCat(title, ", rows into ", Clean(rows->table.text)), RowsText(*rows));
      }
    }
  }
  for (const auto& check : document.checks()) {
    sources.Text(absl::StrCat("check · ", Clean(check.name())), check.sql());
  }
  sources.Rest();
  return sources.Take();
}

std::string RenderStatements(const Look& look, const v1::Plan& plan) {
  std::string out = OneStatement(look, "plan", plan.plan_statement());
  int number = 0;
  for (const auto& approval : plan.approvals()) {
    absl::StrAppend(&out,
                    OneStatement(look, absl::StrCat("decision-", ++number), approval.statement()));
  }
  return out;
}

std::string RenderDecisions(const Look& look, const v1::Plan& raw) {
  const v1::Plan plan = Cleaned(raw);
  if (plan.approvals_size() == 0) return "";
  std::string out = absl::StrCat("\n", Paint(look, Tone::kBold, "DECISIONS"), "\n");
  Table table;
  table.Column("").Column("").Column("").Column("").Column("", Table::Align::kLeft, true);
  for (const auto& approval : plan.approvals()) {
    const bool approve = approval.decision() == "approve";
    table.Row({approval.person(), approval.decision(), When(look, TimeOf(approval.time())),
               approve && !approval.counts() ? "no longer counts" : approval.reason(),
               approval.key_fingerprint()});
  }
  absl::StrAppend(&out, table.Render(look, 2));
  return out;
}

}  // namespace resetctl::client
