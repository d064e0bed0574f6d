/**
 * The scopes that Instantly's API reference listed in August 2026, in its order: what a key may do (an action) with
 * what (a resource). The list is not complete: other operations of the same reference need scopes that it lacks.
 */
import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"

const scopesOf = <Resource extends string, Action extends string>(
  resources: Arr.NonEmptyReadonlyArray<Resource>,
  actions: Arr.NonEmptyReadonlyArray<Action>
) => Arr.flatMap(resources, (resource) => Arr.map(actions, (action) => `${resource}:${action}` as const))

const everyAction = ["all", "create", "read", "update", "delete"] as const

const knownScopes = [
  ...scopesOf(
    [
      "all",
      "ai_agents",
      "api_keys",
      "audit_logs",
      "custom_prompt_templates",
      "account_campaign_mappings",
      "campaigns",
      "inbox_placement_tests",
      "inbox_placement_analytics",
      "inbox_placement_reports",
      "lead_lists",
      "leads",
      "background-jobs",
      "custom_tags",
      "custom_tag_mappings",
      "crm_actions",
      "accounts",
      "block_list_entries",
      "lead-labels"
    ],
    everyAction
  ),
  ...scopesOf(["email_verifications"], ["all", "create", "read"]),
  ...scopesOf(
    [
      "emails",
      "email_templates",
      "workspaces",
      "workspace_billing",
      "workspace_group_members",
      "workspace_members",
      "subsequences",
      "ai_sdr",
      "ai_sdr_replies",
      "ai_inbox_manager_analytics",
      "sales_flows",
      "webhooks",
      "webhook_events",
      "security_tokens",
      "dfy_email_account_orders",
      "auth"
    ],
    everyAction
  )
] as const

/**
 * The 178 scopes that Instantly documents. A key can have scopes that are not among them: see `Scope`.
 *
 * @since 0.1.0
 * @category models
 */
export const KnownScope = Schema.Literal(...knownScopes)

/**
 * One of the 178 scopes that Instantly documents.
 *
 * @since 0.1.0
 * @category models
 */
export type KnownScope = typeof KnownScope.Type
