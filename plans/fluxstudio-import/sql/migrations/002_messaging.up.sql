-- Messaging: conversations, who takes part, what is said.
CREATE TABLE conversations (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE conversation_participants (
    conversation_id uuid NOT NULL REFERENCES conversations,
    user_id uuid NOT NULL REFERENCES users,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
);

CREATE TABLE messages (
    id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations,
    author_id uuid NOT NULL REFERENCES users,
    reply_to_id uuid REFERENCES messages,
    content text NOT NULL,
    sent_at timestamptz NOT NULL
);
CREATE INDEX messages_conversation_idx ON messages (conversation_id, sent_at DESC);
CREATE INDEX messages_reply_idx ON messages (reply_to_id) WHERE reply_to_id IS NOT NULL;
CREATE INDEX messages_search_idx ON messages USING gin (to_tsvector('english', content));

CREATE TABLE message_reactions (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES messages,
    user_id uuid NOT NULL REFERENCES users,
    emoji text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (message_id, user_id, emoji)
);

CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    kind text NOT NULL,
    body text NOT NULL,
    is_read boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX notifications_unread_idx ON notifications (user_id, created_at DESC) WHERE NOT is_read;
